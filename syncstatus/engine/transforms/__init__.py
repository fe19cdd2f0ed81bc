"""What may happen to a value on its way from one side to the other (FEATURES 2): steps, their catalogue, chains.

``step`` says what a step is and reads one, ``chain`` puts several together; the other modules hold one family each.
"""
