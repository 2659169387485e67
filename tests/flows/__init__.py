"""Every flow driven to its ends: real files, real tables, real handlers, real forms."""
