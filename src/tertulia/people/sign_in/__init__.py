"""How people come in from an outside system: which there are, how they are asked, what of their answers is believed.

allauth keeps the state between leaving and coming back and speaks SAML; who somebody is, is `services.arrive`'s to say.
"""
