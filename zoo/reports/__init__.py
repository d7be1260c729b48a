"""Reports: experiments that answer a question with a table and a picture; one a file."""
