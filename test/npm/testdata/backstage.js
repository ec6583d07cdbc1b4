// Runs the router of Backstage's Periskop plugin on the address given first, with the
// server given second as its only instance, which is called "exporter".
const {createRouter} = require("@backstage-community/plugin-periskop-backend");
const {ConfigReader} = require("@backstage/config");
const express = require("express");

const [address, server] = process.argv.slice(2);
const [host, port] = address.split(":");
const config = new ConfigReader({periskop: {instances: [{name: "exporter", url: server}]}});

createRouter({logger: console, config}).then(router => {
	express().use("/api/periskop", router).listen(Number(port), host);
});
