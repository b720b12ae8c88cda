// What is refused before anything is sent, and where a worker may look.

using DataFreeKD.Testing;

namespace DataFreeKD.Fleet.Tests;

public sealed class RefusalTests
{
    [Theory]
    [InlineData("nats://127.0.0.1:4222")]
    [InlineData("nats://localhost:4222")]
    [InlineData("nats://[::1]:4222")]
    [InlineData("tls://queue.example.org:4222")]
    [InlineData("tls://one:4222,tls://two:4222")]
    public void An_engine_on_this_machine_or_behind_TLS_needs_nothing_more(string address) =>
        new EngineOptions { Address = address }.Validate();

    [Theory]
    [InlineData("nats://queue.example.org:4222", "anyone could queue work there")]
    [InlineData("nats://10.0.0.7:4222", "anyone could queue work there")]
    [InlineData("nats://127.0.0.1:4222,nats://10.0.0.7:4222", "anyone could queue work there")]
    [InlineData("http://127.0.0.1:4222", "give nats://HOST:4222")]
    [InlineData("127.0.0.1:4222", "give nats://HOST:4222")]
    [InlineData("nats://", "give nats://HOST:4222")]
    [InlineData("nats://127.0.0.1:4222/queue", "give nats://HOST:4222")]
    [InlineData("tls://worker:s3cret@queue.example.org:4222", "in the list of processes")]
    [InlineData("nats://worker:s3cret@127.0.0.1:4222", "in the list of processes")]
    [InlineData("nats://worker:s3cret@127.0.0.1:4222/queue", "give nats://HOST:4222")]
    public void Other_addresses_are_refused_and_secrets_not_repeated(string address, string reason)
    {
        EngineException refused = Assert.Throws<EngineException>(new EngineOptions { Address = address }.Validate);

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Credentials_open_the_network()
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["worker.creds"], "");
        EngineOptions far = new() { Address = "nats://queue.example.org:4222" };

        (far with { Login = "worker:s3cret" }).Validate();
        (far with { Credentials = folder["worker.creds"] }).Validate();
        Assert.Contains(
            "there is no such file",
            Assert.Throws<EngineException>((far with { Credentials = folder["none.creds"] }).Validate).Message,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("s3cret", $"{far with { Login = "worker:s3cret" }}", StringComparison.Ordinal);
    }

    [Fact]
    public void A_root_holds_what_lies_within_once_links_are_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there");
        using TempFolder folder = new();
        Directory.CreateDirectory(folder["pool/images"]);
        Directory.CreateDirectory(folder["pool-2"]);
        File.WriteAllText(folder["secret"], "");
        Directory.CreateSymbolicLink(folder["pool/out"], folder["pool-2"]);
        File.CreateSymbolicLink(folder["pool/images/link.jpg"], folder["secret"]);
        Directory.CreateSymbolicLink(folder["alias"], folder["pool"]);
        PoolRoot root = new(folder["pool"]);

        Assert.All(
            (string[])
                ["pool", "pool/", "pool/images/a.jpg", "pool/images/b.jpg", "pool/none/yet.csv", "alias/images/a.jpg", "pool/images/*.tar"],
            name => Assert.True(root.Holds(folder[name]), name)
        );
        Assert.All(
            (string[])["pool-2", "secret", "pool/../secret", "pool/out/a.jpg", "pool/images/link.jpg", "pool/images/../../pool-2/a"],
            name => Assert.False(root.Holds(folder[name]), name)
        );
        Assert.True(new PoolRoot(folder["alias"]).Holds(folder["pool/images/a.jpg"]));
        Assert.Throws<EngineException>(() => new PoolRoot(folder["none"]));
    }

    [Fact]
    public void Objects_are_refused_but_for_those_that_the_worker_was_told_of()
    {
        using TempFolder folder = new();
        PoolRoot closed = new(folder.Path),
            open = new(folder.Path, ["s3://pool/shards", "s3://other"]);

        Assert.False(closed.Holds("s3://pool/shards/00000.tar"));
        Assert.All((string[])["s3://pool/shards/", "s3://pool/shards", "s3://pool/shards/00000.tar::a.jpg", "s3://other/x.jpg"], path =>
            Assert.True(open.Holds(path), path)
        );
        Assert.All((string[])["s3://pool/shards-2/a.tar", "s3://pool/", "s3://otherwise/x.jpg", "S3://pool/shards/00000.tar"], path =>
            Assert.False(open.Holds(path), path)
        );
        Assert.Contains(
            "--allow-s3",
            Assert.Throws<ShardRefusedException>(() => closed.Require("s3://pool/a.tar")).Message,
            StringComparison.Ordinal
        );
    }
}
