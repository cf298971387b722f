"""Fine-tuning, retrieval, both, or neither yet: a Situation becomes a Recommendation with reasons and costs. No I/O.

free text, own figures ─► Situation, Assumptions ─► leanings ─► Recommendation ─► report: text, tables, a chart
                                                 └► costs ──┘        └► flips
"""
