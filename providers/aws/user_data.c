#include "providers/aws/user_data.h"

/*
 * Installs nothing but muster-agent, and that only from an address. The token of the metadata service
 * is asked for anew in each round: it may not answer in the first seconds of a machine's life.
 */
const char aws_user_data_default[] =
    "#!/bin/sh\n"
    "# Starts muster-agent on this machine, which starts the worker.\n"
    "set -u\n"
    "imds=http://169.254.169.254/latest\n"
    "agent={{agent}}\n"
    "MUSTER_NODE=\n"
    "while [ -z \"$MUSTER_NODE\" ]; do\n"
    "    token=$(curl -fsS -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "
    "\"$imds/api/token\")\n"
    "    MUSTER_NODE=$(curl -fsS -m 2 -H \"X-aws-ec2-metadata-token: $token\" "
    "\"$imds/meta-data/instance-id\") || sleep 1\n"
    "done\n"
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
    "    --slots {{slots}} --token-file {{token_file}} --watch aws -- /bin/sh -c {{command}}\n";
