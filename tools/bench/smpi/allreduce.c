/* One MPI_Allreduce of the given number of bytes of floats. Prints two times in seconds, which SMPI's clock, the same for all
   ranks, gives: from the last rank's start to the last rank's end, and of the rank that is in it longest (the difference is how
   unevenly the barrier lets the ranks go). For smpicc and smpirun. */
#include <mpi.h>
#include <smpi/smpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const long bytes = argc == 2 ? atol(argv[1]) : 0;
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (bytes < 4 || bytes % 4 != 0) {
    if (rank == 0) fprintf(stderr, "usage: allreduce BYTES, a multiple of 4\n");
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  /* The same memory for all ranks: the sums are of no interest, and 16 times 200 MB would be much. */
  float* in = SMPI_SHARED_MALLOC(bytes);
  float* out = SMPI_SHARED_MALLOC(bytes);
  MPI_Barrier(MPI_COMM_WORLD);
  const double start = MPI_Wtime();
  MPI_Allreduce(in, out, (int)(bytes / 4), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
  const double end = MPI_Wtime();
  const double mine[3] = {start, end, end - start};
  double largest[3];
  MPI_Reduce(mine, largest, 3, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
  if (rank == 0) printf("%.9f %.9f\n", largest[1] - largest[0], largest[2]);
  SMPI_SHARED_FREE(in);
  SMPI_SHARED_FREE(out);
  MPI_Finalize();
  return 0;
}
