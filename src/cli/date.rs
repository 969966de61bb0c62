//! Free-form dates, as cvs takes them.
