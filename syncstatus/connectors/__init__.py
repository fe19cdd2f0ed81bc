"""How to talk to a business application: one small protocol, one package a kind of system."""
