// A small labelled world of drawn images, and a teacher trained on it once for all tests.

using System.Buffers.Binary;
using DataFreeKD.Testing;

namespace DataFreeKD.Distiller.Tests;

/// <summary>Three classes of 16×16 images: which third of the picture is bright, under noise.</summary>
public sealed class TinyWorld : IDisposable
{
    public const string Spec = "vit:img=16,patch=4,dim=24,depth=3,heads=2",
        StudentSpec = "vit:img=16,patch=4,dim=16,depth=2,heads=2";

    private readonly TempFolder folder = new();

    public TinyWorld()
    {
        List<string> rows = ["path,status,weight"];
        for (int i = 0; i < 120; i++)
        {
            string name = ((string[])["left", "middle", "right"])[i % 3];
            string path = Path.Combine(Images, name, $"{i:000}.bmp");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, Draw(i % 3, i));
            rows.Add($"images/{name}/{i:000}.bmp,ok,{(i % 2) + 1}");
        }
        File.WriteAllLines(Selection, rows);
        TrainRun.Execute(Train(folder["teacher"]) with { Steps = 120 }, cancel: TestContext.Current.CancellationToken);
    }

    public string Images => folder["images"];

    public string Selection => folder["selected.csv"];

    public string Teacher => folder["teacher"];

    internal TrainOptions Train(string output) =>
        new()
        {
            Labelled = Images,
            Model = Spec,
            Output = output,
            Steps = 30,
            BatchSize = 16,
            LearningRate = 3e-3,
            Ema = 0,
            Flip = 0,
            PadCrop = 1,
            Workers = 2,
        };

    /// <summary>From random weights by output matching alone, whatever the defaults are.</summary>
    public DistillOptions Distill(string output) =>
        new()
        {
            Init = StudentInit.Random,
            Loss = Losses.Recipe.Default,
            Selection = Selection,
            Teacher = Teacher,
            Student = StudentSpec,
            Output = output,
            Steps = 30,
            BatchSize = 16,
            LearningRate = 3e-3,
            Flip = 0,
            PadCrop = 1,
            Workers = 2,
            CheckpointEvery = 7,
            LogEvery = 5,
        };

    /// <summary>A 24-bit BMP.</summary>
    public static byte[] Draw(int label, int seed)
    {
        const int side = 16;
        byte[] file = new byte[54 + (side * side * 3)];
        "BM"u8.CopyTo(file);
        foreach ((int at, int value) in (ReadOnlySpan<(int, int)>)[(2, file.Length), (10, 54), (14, 40), (18, side), (22, side)])
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(26), 1);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(28), 24);
        uint noise = (uint)(seed * 2654435761u) + 1;
        for (int i = 0; i < side * side * 3; i++)
        {
            noise = (noise * 1664525u) + 1013904223u;
            int column = i / 3 % side;
            file[54 + i] = (byte)((column * 3 / side == label ? 150 : 40) + (noise >> 26));
        }
        return file;
    }

    public void Dispose() => folder.Dispose();
}
