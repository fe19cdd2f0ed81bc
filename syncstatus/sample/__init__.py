"""Two invented business applications to try Syncstatus with: an ERP and a CRM, mostly in step, and what goes wrong."""
