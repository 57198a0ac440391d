"""People sign in with their account of an Open edX platform."""
