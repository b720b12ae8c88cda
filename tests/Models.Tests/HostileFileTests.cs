// Hostile checkpoints are refused in one line that names the culprit, and nothing in them runs.

using System.IO.Compression;
using System.Text;
using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Testing;

namespace DataFreeKD.Models.Tests;

public sealed class HostileFileTests
{
    [Theory]
    [InlineData("cos\nsystem\n(S'touch /tmp/owned'\ntR.", "os.system")]
    [InlineData("cposix\nsystem\n(X\u0004\u0000\u0000\u0000exittR.", "posix.system")]
    [InlineData("c__builtin__\neval\n.", "__builtin__.eval")]
    [InlineData("cbuiltins\ngetattr\n.", "builtins.getattr")]
    [InlineData("i.", "opcode")]
    [InlineData("q", "damaged")]
    [InlineData("", "damaged")]
    public void A_pickle_that_wants_more_than_tensors_is_refused_by_name(string pickle, string named)
    {
        using TempFolder folder = new();
        using (ZipArchive zip = ZipFile.Open(folder["bad.pth"], ZipArchiveMode.Create))
        {
            using Stream entry = zip.CreateEntry("archive/data.pkl").Open();
            entry.Write(Encoding.Latin1.GetBytes(pickle));
        }

        Assert.Contains(named, Assert.Throws<ModelException>(() => ModelStore.Load(folder["bad.pth"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,8]}}", 16)]
    [InlineData(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
        16
    )]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", 8)]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 8)]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}", 8)]
    [InlineData("{\"a\":{\"dtype\":\"F99\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8)]
    [InlineData(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        8
    )]
    [InlineData("{\"a\":7}", 8)]
    [InlineData("not json", 8)]
    public void Safetensors_with_lying_headers_are_refused(string header, int dataBytes)
    {
        using TempFolder folder = new();
        byte[] json = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(folder["bad.safetensors"], [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. new byte[dataBytes]]);

        Assert.Throws<ModelException>(() => SafeTensors.Read(folder["bad.safetensors"]));
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 40)]
    [InlineData(100UL)]
    public void A_header_longer_than_the_file_is_refused_before_it_is_allocated(ulong length)
    {
        using TempFolder folder = new();
        File.WriteAllBytes(folder["bad.safetensors"], [.. BitConverter.GetBytes(length), .. "{}"u8]);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<ModelException>(() => SafeTensors.Read(folder["bad.safetensors"]));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData("shape")]
    [InlineData("data_offsets")]
    public void A_tensor_of_a_million_dimensions_is_refused_before_they_are_counted_out(string key)
    {
        using TempFolder folder = new();
        string many = $"[{string.Join(',', Enumerable.Repeat(1, 1_000_000))}]",
            shape = key == "shape" ? many : "[1]",
            offsets = key == "shape" ? "[0,4]" : many,
            header = "{\"a\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
        byte[] json = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(folder["wide.safetensors"], [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. new byte[4]]);

        string message = Assert.Throws<ModelException>(() => SafeTensors.Read(folder["wide.safetensors"])).Message;

        Assert.Contains($"has 1000000 numbers in its {key}; at most 16", message, StringComparison.Ordinal);
        Assert.InRange(message.Length, 0, 1000);
    }

    [Fact]
    public void A_header_of_more_tensors_than_any_model_has_is_refused_before_it_is_allocated()
    {
        using TempFolder folder = new();
        using (FileStream file = File.Create(folder["long.safetensors"]))
        {
            file.Write(BitConverter.GetBytes(95_000_000UL));
            file.SetLength(95_000_008);
        }
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Contains(
            "at most 8388608 are read",
            Assert.Throws<ModelException>(() => SafeTensors.Read(folder["long.safetensors"])).Message,
            StringComparison.Ordinal
        );

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData("text.pth", "hello")]
    [InlineData("empty.pth", "")]
    [InlineData("empty.safetensors", "")]
    public void A_file_that_is_no_checkpoint_is_refused(string name, string content)
    {
        using TempFolder folder = new();
        File.WriteAllText(folder[name], content);

        Assert.Contains(name, Assert.Throws<ModelException>(() => ModelStore.Load(folder[name])).Message, StringComparison.Ordinal);
    }
}
