// One test at a time: the count of live tensors is of the whole process.

[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
