"""What all pages share: context, access, security, requests, forms, errors, links, formatting."""
