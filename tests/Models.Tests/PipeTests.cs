// A pipe given as weights is refused, not waited for.

using System.Diagnostics;
using DataFreeKD.Testing;

namespace DataFreeKD.Models.Tests;

public sealed class PipeTests
{
    [Theory]
    [InlineData("w.pth", "w.pth")]
    [InlineData("w.safetensors", "w.safetensors")]
    [InlineData("model.safetensors", ".")]
    [InlineData("config.json", ".")]
    [InlineData("model-00001-of-00001.safetensors", ".")]
    public async Task A_pipe_in_the_place_of_a_file_is_refused_at_once(string pipe, string load)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "pipes by name are of Unix");
        using TempFolder folder = new();
        using ImageModel model = ModelRegistry.Resolve("vit:img=8,patch=4,dim=12,depth=1,heads=3,classes=3").Create(1);
        if (pipe == "config.json")
        {
            await using FileStream weights = File.Create(folder["model.safetensors"]);
            Checkpoints.SafeTensors.Write(weights, model.StateDict());
        }
        if (pipe.Contains("-of-", StringComparison.Ordinal))
            File.WriteAllText(folder["model.safetensors.index.json"], $$$"""{"weight_map": {"cls_token": "{{{pipe}}}"}}""");
        using (Process made = Process.Start("mkfifo", [folder[pipe]]))
            made.WaitForExit();

        Task<ModelException> refusal = Task.Run(() => Assert.Throws<ModelException>(() => ModelStore.Load(folder[load])));

        Assert.Same(refusal, await Task.WhenAny(refusal, Task.Delay(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken)));
        Assert.Contains("no regular file", (await refusal).Message, StringComparison.Ordinal);
    }
}
