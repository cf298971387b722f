"""What people see, told over the workspace's real sockets, each story in Socket Mode and over signed HTTP.

asking        ways to ask, follow-ups, edits, Stop, offers, the fair queue       test_asking, test_sparing
the answer    sources, feedback, what the bot was shown, asking a person         test_judging
synthesis     questions of several pages                                         test_synthesis
the desk      /wiki, the Home tab, settings, suggested questions, gaps           test_desk
advice        /advise, in Slack and in the terminal                              test_advise
faults        cut lines, refusals of Slack, lost acknowledgements, two bots      test_faults
in earnest    the real process and the real model, in Socket Mode                test_slack, test_terminal
"""
