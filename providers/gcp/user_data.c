#include "providers/gcp/gcp.h"

/*
 * Installs nothing but muster-agent, and that only from an address. The metadata server's name may not
 * be known in the first seconds of a machine's life. The script runs at each boot: so does the agent.
 */
const char gcp_user_data_default[] =
    "#!/bin/sh\n"
    "# Starts muster-agent on this machine, which starts the worker.\n"
    "set -u\n"
    "metadata=http://metadata.google.internal/computeMetadata/v1/instance\n"
    "agent={{agent}}\n"
    "name= zone=\n"
    "while [ -z \"$name\" ] || [ -z \"$zone\" ]; do\n"
    "    name=$(curl -fsS -m 2 -H 'Metadata-Flavor: Google' \"$metadata/name\") &&\n"
    "        zone=$(curl -fsS -m 2 -H 'Metadata-Flavor: Google' \"$metadata/zone\") || sleep 1\n"
    "done\n"
    "MUSTER_NODE=$name.${zone##*/}\n"
    "export MUSTER_NODE\n"
    "case $agent in\n"
    "https://*)\n"
    "    mkdir -p /opt/muster\n"
    "    until curl -fsS --retry 5 -o /opt/muster/muster-agent.new \"$agent\"; do sleep 2; done\n"
    "    chmod 755 /opt/muster/muster-agent.new\n"
    "    mv /opt/muster/muster-agent.new /opt/muster/muster-agent\n"
    "    agent=/opt/muster/muster-agent ;;\n"
    "esac\n"
    "exec \"$agent\" --controller {{controller_url}} --node \"$MUSTER_NODE\" --pool {{pool}} \\\n"
    "    --slots {{slots}} --token-file {{token_file}} --watch gcp -- /bin/sh -c {{command}}\n";
