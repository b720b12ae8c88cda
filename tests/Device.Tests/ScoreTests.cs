// Scores on the device beside scores on the CPU.

using System.Globalization;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Onnx.Running;
using DataFreeKD.Probe;
using DataFreeKD.Testing;

namespace DataFreeKD.Device.Tests;

public sealed class ScoreTests(LazyWorld world) : IClassFixture<LazyWorld>
{
    private static readonly string[] Everything = ["logits", "features", "probe_entropy", "views", "react_energy", "attention"];

    [Fact]
    public void Every_column_agrees_with_the_CPUs()
    {
        string device = TestDevice.Any();
        using TempFolder folder = new();
        Agree(Score(folder["cpu.csv"], "cpu"), Score(folder["device.csv"], device));
    }

    [Fact]
    public void Every_column_agrees_in_ONNX_Runtime()
    {
        string device = TestDevice.Gpu();
        Assert.SkipUnless(OnnxCuda.InThisBuild, "ONNX Runtime is built without CUDA");
        using TempFolder folder = new();
        Agree(Score(folder["cpu.csv"], "cpu", rollout: false), Score(folder["device.csv"], device, TeacherRuntime.Onnx, rollout: false));
    }

    [Fact]
    public void Token_merging_agrees_with_the_CPUs()
    {
        string device = TestDevice.Any();
        using TempFolder folder = new();
        Agree(Score(folder["cpu.csv"], "cpu", merging: 1, rollout: false), Score(folder["device.csv"], device, merging: 1, rollout: false));
    }

    [Fact]
    public void A_batch_comes_from_the_device_in_one_copy()
    {
        using TeacherPass pass = new(
            new TeacherOptions
            {
                Device = TestDevice.Any(),
                Teacher = world.Value.Teacher,
                ExtraScores = ["logits", "features"],
                BatchSize = 8,
            }
        );
        ScoreInput[] batch =
        [
            .. ImageInputs
                .Read(
                    [.. Directory.EnumerateFiles(world.Value.Images, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)],
                    cancel: TestContext.Current.CancellationToken
                )
                .Take(8)
                .Select(image => new ScoreInput(image, null)),
        ];
        long before = HostReads.Count;
        pass.Score(batch);
        Assert.Equal(1, HostReads.Count - before);
    }

    private string Score(
        string output,
        string device,
        TeacherRuntime runtime = TeacherRuntime.Libtorch,
        int merging = 0,
        bool rollout = true
    )
    {
        ScoreRun.Execute(
            new ScoreOptions
            {
                Sources = [world.Value.Images],
                Teacher = world.Value.Teacher,
                Output = output,
                Blocks = [],
                ExtraScores = [.. Everything.Where(name => rollout || name != "attention")],
                ReactClip = 1,
                TokenMerging = merging,
                BatchSize = 32,
                Device = device,
                Runtime = runtime,
            },
            cancel: TestContext.Current.CancellationToken
        );
        return output;
    }

    // Figures are compared relative to the largest of their column: differences of nearly equal numbers have no digits of their own.
    private static void Agree(string expected, string found)
    {
        using TableReader left = Table.Open(expected),
            right = Table.Open(found);
        IReadOnlyList<string> columns = left.Header.Columns;
        Assert.Equal(columns, right.Header.Columns);
        string[][] a = Rows(left),
            b = Rows(right);
        Assert.Equal(a.Length, b.Length);
        for (int column = 0; column < columns.Count; column++)
        {
            double[]? x = Numbers(a, column),
                y = Numbers(b, column);
            if (x is null || y is null)
            {
                Assert.Equal(a.Select(row => row[column]), b.Select(row => row[column]));
                continue;
            }
            double largest = x.Max(Math.Abs),
                error = x.Zip(y, (p, q) => Math.Abs(p - q)).Max();
            Assert.True(error <= (1e-4 * largest) + 1e-7, $"{columns[column]}: {error} beside {largest}");
        }
    }

    private static string[][] Rows(TableReader table) =>
        [.. table.Rows().Select(row => table.Header.Columns.Select(column => row[column] ?? "").ToArray())];

    private static double[]? Numbers(string[][] rows, int column)
    {
        double[] numbers = new double[rows.Length];
        for (int row = 0; row < rows.Length; row++)
            if (!double.TryParse(rows[row][column], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[row]))
                return null;
        return numbers;
    }
}
