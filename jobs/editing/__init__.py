"""The forms in which a mapping is edited: plain data of the configuration file in, plain data out.

They only bring what a person wrote into the file's form. What is wrong with it is found where a file is checked, and
comes back to the field it belongs to (``problems``).
"""
