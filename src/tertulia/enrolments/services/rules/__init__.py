"""Rules: who is given what because of what systems say of them."""
