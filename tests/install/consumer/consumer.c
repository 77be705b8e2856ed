#include <ringsim_prune.h>
#include <stdio.h>

int main(void) {
  ringsim_prune_engine* engine = NULL;
  if (ringsim_prune_engine_create("scalar", 1, &engine) != RINGSIM_PRUNE_OK) {
    fprintf(stderr, "%s\n", ringsim_prune_last_error());
    return 1;
  }
  printf("scalar is there\n");
  ringsim_prune_engine_destroy(engine);
  return 0;
}
