/* How many the account may have: AWS counts vCPUs, by family of types and by market. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "providers/aws/check.h"

static const struct quota {
    const char *families; /* the letters that type names begin with, each between blanks */
    const char *name;
    const char *codes[2]; /* by enum market */
} quotas[] = {
    { " a c d h i im is m r t z ", "standard", { "L-1216C47A", "L-34B43A08" } },
    { " g gr vt ", "G and VT", { "L-DB2E81BA", "L-3819A6DF" } },
    { " p ", "P", { "L-417A185B", "L-7212CCBC" } },
};

#define QUOTAS (sizeof(quotas) / sizeof(quotas[0]))

static bool counts_for(const struct quota *quota, const char *type)
{
    char word[16];
    size_t len = strspn(type, "abcdefghijklmnopqrstuvwxyz");
    int n = snprintf(word, sizeof(word), " %.*s ", (int)len, type);
    return n > 0 && (size_t)n < sizeof(word) && strstr(quota->families, word);
}

/* The largest type of the entry that this quota is about; NULL: none. */
static const struct ec2_type *largest(const struct aws_check *c, const struct quota *quota)
{
    const struct ec2_type *best = NULL;
    for (size_t i = 0; i < c->types.all.len; i++) {
        const struct ec2_type *at = &c->types.all.at[i];
        if (counts_for(quota, at->name) && (!best || at->vcpus > best->vcpus))
            best = at;
    }
    return best;
}

struct question {
    const struct quota *quota;
    enum market market;
    const struct ec2_type *type;
};

/* The n-th that is worth asking; false: there is none. */
static bool question_at(const struct aws_check *c, size_t n, struct question *ret)
{
    for (size_t m = 0; m < AWS_MARKETS_MAX && c->o->markets[m] >= 0; m++) {
        for (size_t i = 0; i < QUOTAS; i++) {
            *ret = (struct question){ &quotas[i], (enum market)c->o->markets[m],
                                      largest(c, &quotas[i]) };
            if (ret->type && ret->type->vcpus > 0 && n-- == 0)
                return true;
        }
    }
    return false;
}

bool aws_check_ask_quota(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    struct question question;
    struct json_out j = json_begin(body);
    if (!question_at(c, c->asked, &question))
        return false;
    json_open(&j, NULL, '{');
    json_str(&j, "ServiceCode", "ec2");
    json_str(&j, "QuotaCode", question.quota->codes[question.market]);
    json_close(&j, '}');
    request->service = "servicequotas";
    request->action = "GetServiceQuota";
    request->target = "ServiceQuotasV20190624";
    request->protocol = AWS_JSON_1_1;
    return true;
}

/* Slots of the pool in machines of this type. */
static long long machines_for_all(const struct aws_check *c, const char *type)
{
    for (size_t i = 0; i < c->o->types.len; i++) {
        int64_t slots = c->o->types.at[i].value;
        if (strcmp(c->o->types.at[i].name, type) == 0 && slots > 0)
            return (long long)((c->check.spec->slots_max + slots - 1) / slots);
    }
    return 0;
}

static void tell_quota(struct aws_check *c, const struct question *question, double vcpus,
                       const char *what)
{
    const struct ec2_type *type = question->type;
    double machines = floor(vcpus / (double)type->vcpus);
    aws_check_tell(c, machines >= 1 ? FINDING_OK : FINDING_NO, what,
                   machines >= 1 ? NULL
                                 : "ask AWS for more: Service Quotas in the console, Amazon EC2",
                   "%.0f vCPU, so at most %.0f of %s at once (slots.max is %lld of them)", vcpus,
                   machines, type->name, machines_for_all(c, type->name));
}

void aws_check_quota(struct aws_check *c, const struct aws_response *response,
                     const struct error *err)
{
    struct question question;
    char what[48];
    cJSON *root = NULL;
    if (!question_at(c, c->asked - 1, &question))
        return;
    snprintf(what, sizeof(what), "quota %s, %s", question.quota->name,
             market_words[question.market]);
    if (err->code) {
        aws_check_tell(c, FINDING_UNKNOWN, what,
                       err->code == MUSTER_E_AUTH ? "allow servicequotas:GetServiceQuota" : NULL,
                       "%s", err->text);
        return;
    }
    const cJSON *value =
        json_parse(response->body, &root, NULL) == 0 ? json_at(root, "/Quota/Value") : NULL;
    if (value && cJSON_IsNumber(value) && value->valuedouble >= 0)
        tell_quota(c, &question, value->valuedouble, what);
    else
        aws_check_tell(c, FINDING_UNKNOWN, what, NULL, "AWS did not answer with a number");
    cJSON_Delete(root);
}
