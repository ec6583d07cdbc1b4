// Stands in for the one function that the plugin's router takes from a package of 280 MB:
// the one that answers when a handler has failed.
exports.MiddlewareFactory = {
	create: () => ({
		error: () => (err, _request, response, _next) => response.status(500).json({error: String(err.message)}),
	}),
};
