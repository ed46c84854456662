#include "gen/objects.h"

#include <string.h>

#define DNS_PORT 53
#define NODE_LOCAL_DNS "169.254.20.10/32" /* NodeLocal DNSCache, which is no pod's address */

/* By the label that every namespace has of its own name; labels: of the pods, NULL or {} for all. */
static json_t *pods_of(const struct part *namespace, const json_t *labels)
{
	json_t *pods = json_pack("{s:{s:{s:o}}}", "namespaceSelector", "matchLabels",
				 "kubernetes.io/metadata.name", tree_string(namespace, 1));

	if (json_object_size(labels) > 0)
		json_object_set_new(pods, "podSelector", json_pack("{s:O}", "matchLabels", labels));
	return pods;
}

static json_t *block(const char *cidr)
{
	return json_pack("{s:{s:s}}", "ipBlock", "cidr", cidr);
}

/* An address is itself; a name outside of the cluster may be anywhere, for a policy knows no names. */
static json_t *host_peers(const char *host)
{
	CLEANUP(freep) char *cidr = host_cidr(host);

	return cidr ? json_pack("[o]", block(cidr))
		    : json_pack("[o, o]", block("0.0.0.0/0"), block("::/0"));
}

static json_t *port(long number, const char *protocol)
{
	return json_pack("{s:s, s:I}", "protocol", protocol, "port", (json_int_t)number);
}

static json_t *rule(json_t *peers, json_t *ports)
{
	return json_pack("{s:o, s:o*}", "to", peers, "ports", ports);
}

static json_t *to_dns(void)
{
	static const struct part kube_system = {.value = "kube-system"};

	return rule(json_pack("[o, o]", pods_of(&kube_system, NULL), block(NODE_LOCAL_DNS)),
		    json_pack("[o, o]", port(DNS_PORT, "UDP"), port(DNS_PORT, "TCP")));
}

char *service_namespace(const char *host)
{
	const char *dot = strchr(host, '.');
	size_t len = dot ? strcspn(dot + 1, ".") : 0;

	if (!dot || strncmp(dot + 1 + len, ".svc", 4) != 0 ||
	    (dot[len + 5] != '\0' && dot[len + 5] != '.'))
		return NULL;
	return xstrndup(dot + 1, len);
}

static json_t *to_server(const struct input *in)
{
	const struct settings *s = in->settings;
	const char *host = setting_text(s, "postgres.host");
	CLEANUP(freep) char *other = host ? service_namespace(host) : NULL;
	struct part namespace = namespace_of_server(in);
	long number = setting_int(s, "network.postgresPort");
	json_t *peers;

	if (other)
	namespace = (struct part){.value = other};
	if (host && !other)
		peers = host_peers(host);
	else
		peers = json_pack("[o]",
				  pods_of(&namespace, setting_json(s, "network.postgresLabels")));
	return rule(peers, json_pack("[o]", port(number ? number : setting_int(s, "postgres.port"),
						 "TCP")));
}

static json_t *to_store(const struct input *in)
{
	const char *endpoint = setting_text(in->settings, "store.endpoint");
	const char *cidr = setting_text(in->settings, "network.storeCidr");
	CLEANUP(freep) char *host = NULL;
	CLEANUP(freep) char *namespace = NULL;
	struct err e = {0};
	long number = 443;

	if (!endpoint || !parse_endpoint(endpoint, &host, &number, &e))
		host = xstrdup("amazonaws.com");
	namespace = service_namespace(host);
	if (!namespace || cidr)
		return rule(cidr ? json_pack("[o]", block(cidr)) : host_peers(host),
			    json_pack("[o]", port(number, "TCP")));
	/* Policies look at the pod's port, which may be another one than its Service's. */
	number = setting_int(in->settings, "network.storePort");
	return rule(json_pack("[o]", pods_of(&(struct part){.value = namespace},
					     setting_json(in->settings, "network.storeLabels"))),
		    number ? json_pack("[o]", port(number, "TCP")) : NULL);
}

/* Nobody may come in; out, only where the rules say. */
static json_t *policy(const struct input *in, const char *name, json_t *components, json_t *egress)
{
	struct part namespace = namespace_of_jobs(in);
	json_t *object =
	    object_new("networking.k8s.io/v1", "NetworkPolicy", name, &namespace, NULL);

	json_object_set_new(
	    object, "spec",
	    json_pack("{s:{s:{s:s}, s:[{s:s, s:s, s:o}]}, s:[s, s], s:o}", "podSelector",
		      "matchLabels", "app.kubernetes.io/name", "pgmuster", "matchExpressions",
		      "key", "app.kubernetes.io/component", "operator", "In", "values", components,
		      "policyTypes", "Ingress", "Egress", "egress", egress));
	return object;
}

/* The restored dump may run programs in the drill's pod: it reaches the store, and not the server. */
json_t *objects_network(const struct input *in)
{
	return json_pack("[o, o]",
			 policy(in, DUMP_JOB, json_pack("[s, s]", "dump", "restore"),
				json_pack("[o, o, o]", to_dns(), to_server(in), to_store(in))),
			 policy(in, DRILL_JOB, json_pack("[s, s]", "drill", "verify"),
				json_pack("[o, o]", to_dns(), to_store(in))));
}
