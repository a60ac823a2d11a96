# Networks in CIDR notation.
package tollgate.lib.network

# `wide` holds every address of `narrow`. IPv6 and anything unusual only hold themselves.
holds(wide, narrow) if wide == narrow

holds(wide, narrow) if {
	is_network(wide)
	is_network(narrow)
	net.cidr_contains(wide, narrow)
}

is_network(text) if {
	is_string(text)
	regex.match(`^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])/(3[0-2]|[12]?[0-9])$`, text)
}
