"""The processing of ``zoo/processing`` as standard ONNX operators, inside the exported file.

One file a part of ``zoo.processing.frontend.Frontend``; each is proven against its numpy form.
"""
