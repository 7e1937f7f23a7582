/* A client of libpmemobj: transactions on a pool until it is killed, and what must hold of the pool afterwards.
 *
 *   objclient create POOL SIZE   makes a pool; SIZE 0: all of a device-dax device
 *   objclient run POOL           says "running" after its first transaction, and goes on until it is killed
 *   objclient check POOL         opens it, which recovers it, and prints one line of JSON
 *
 * A transaction takes a snapshot of an array of 32 KiB, adds one to each of its words, frees the object of the transaction before, and
 * allocates one that has the new number. So after any interruption all words are equal, and there is one such object, with that
 * number.
 */
#include <libpmemobj.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYOUT "daxprov-client"
#define WORDS 4096
#define NODE 1

struct root {
    uint64_t words[WORDS];
    PMEMoid node;
};

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, pmemobj_errormsg());
    exit(1);
}

static PMEMobjpool *opened(const char *path, struct root **root)
{
    PMEMobjpool *pool = pmemobj_open(path, LAYOUT);
    if (!pool)
        fail("open");
    *root = pmemobj_direct(pmemobj_root(pool, sizeof **root));
    return pool;
}

static void transaction(PMEMobjpool *pool, struct root *root)
{
    TX_BEGIN(pool) {
        pmemobj_tx_add_range_direct(root, sizeof *root);
        for (size_t i = 0; i < WORDS; i++)
            root->words[i]++;
        if (!OID_IS_NULL(root->node))
            pmemobj_tx_free(root->node);
        root->node = pmemobj_tx_alloc(sizeof(uint64_t), NODE);
        *(uint64_t *)pmemobj_direct(root->node) = root->words[0];
    } TX_ONABORT {
        fail("transaction");
    } TX_END
}

static int check(PMEMobjpool *pool, const struct root *root)
{
    uint64_t count = root->words[0], objects = 0, torn = 0;
    for (size_t i = 0; i < WORDS; i++)
        torn += root->words[i] != count;
    for (PMEMoid each = pmemobj_first(pool); !OID_IS_NULL(each); each = pmemobj_next(each))
        objects += pmemobj_type_num(each) == NODE;
    const uint64_t *node = OID_IS_NULL(root->node) ? NULL : pmemobj_direct(root->node);
    int whole = torn == 0 && objects == (count ? 1 : 0) && (count ? node && *node == count : !node);
    printf("{\"transactions\": %lu, \"torn\": %lu, \"objects\": %lu, \"consistent\": %s}\n", count, torn, objects,
           whole ? "true" : "false");
    return whole ? 0 : 1;
}

int main(int count, char **words)
{
    struct root *root;
    if (count == 4 && strcmp(words[1], "create") == 0) {
        PMEMobjpool *pool = pmemobj_create(words[2], LAYOUT, strtoul(words[3], NULL, 0), 0600);
        if (!pool || OID_IS_NULL(pmemobj_root(pool, sizeof *root)))
            fail("create");
        pmemobj_close(pool);
        return 0;
    }
    if (count != 3)
        return 64;
    PMEMobjpool *pool = opened(words[2], &root);
    if (strcmp(words[1], "check") == 0)
        return check(pool, root);
    transaction(pool, root);
    puts("running");
    fflush(stdout);
    for (;;)
        transaction(pool, root);
}
