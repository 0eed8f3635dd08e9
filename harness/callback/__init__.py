"""Who calls back the test number hears a courtesy sentence and is logged; every other incoming call is refused."""
