//! Stories -> Edition: language preference, filters, order.
