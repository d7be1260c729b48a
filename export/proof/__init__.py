"""The proof of an exported file: questions, another process, a comparison, a report."""
