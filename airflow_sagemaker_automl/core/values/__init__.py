"""Values of JSON, of templates and of AWS's service model, and the words for them."""
