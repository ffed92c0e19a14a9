"""Who may: agencies, people, roles, scope, audit, sign-in."""
