"""The score sheets as data, one TOML file each, with the agency's own wording and the clause it stands on."""
