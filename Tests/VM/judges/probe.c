/* The file probe of `daxprov verify`, on any directory: verify itself looks at file systems of namespaces alone.
 *
 *   probe DIRECTORY
 */
#include <stdio.h>
#include <sys/stat.h>

#include "CProof.h"

int main(int count, char **words)
{
    struct stat status;
    struct daxprov_proof proof = {.dax = -1};
    if (count != 2 || stat(words[1], &status) != 0)
        return 64;
    int code = daxprov_prove_file(words[1], status.st_dev, 0, 30, &proof);
    printf("{\"done\": %d, \"map_sync\": %s, \"statx_dax\": %s, \"faults\": %lu}\n",
           code == 0 && proof.signal == 0 && proof.step == DAXPROV_PROOF_DONE, proof.sync == 0 ? "true" : "false",
           proof.dax == 1 ? "true" : "false", proof.faults);
    return 0;
}
