// One test at a time: the count of live tensors is of the whole process.

[assembly: CollectionBehavior(DisableTestParallelization = true)]
