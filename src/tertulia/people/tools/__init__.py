"""Other programs - a wiki, a notebook server, a video room - sign people in through us: we are their OpenID provider.

allauth's `idp.oidc` does the protocol; here is what it asks us (`adapter`), what it leaves to chance (`authorization`),
and the pages of owners and people.
"""
