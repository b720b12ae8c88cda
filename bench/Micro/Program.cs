// Micro-benchmarks of the inner loops: dotnet run -c Release --project bench/Micro -- --filter '*'

using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
