"""The roof: settings, addresses, middleware, embedded servers, the demonstration. Nobody imports it."""
