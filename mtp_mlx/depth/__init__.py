"""How many tokens a round drafts: fixed, or learned by auto."""
