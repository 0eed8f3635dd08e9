"""The pages, one module each; every module here is found by itself (`harness.web.declared`)."""
