// A real server on a free port of the loopback, with a store of its own.

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using DataFreeKD.Testing;

namespace DataFreeKD.Fleet.Tests;

/// <summary>nats-server with JetStream, killed at the end. Tests are skipped where there is none.</summary>
internal sealed class NatsServer : IDisposable
{
    private static readonly string? Program = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, "nats-server"))
        .FirstOrDefault(File.Exists);

    private readonly TempFolder store = new();
    private readonly string[] more;
    private readonly int port;
    private Process process;

    private NatsServer(string[] more)
    {
        this.more = more;
        using (TcpListener free = new(IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }
        process = Run();
    }

    public string Address => $"nats://127.0.0.1:{port}";

    public EngineOptions Engine => new() { Address = Address };

    /// <summary>Starts one.</summary>
    /// <param name="more">Further arguments.</param>
    public static NatsServer Start(params string[] more)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are frozen and looked into as Linux does it");
        Assert.SkipWhen(Program is null, "nats-server is not installed (Debian: apt-get install nats-server)");
        return new NatsServer(more);
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    /// <summary>Starts it again on the same port.</summary>
    /// <param name="emptied">Without what it had stored.</param>
    public void Restart(bool emptied = false)
    {
        if (emptied)
            Directory.Delete(Path.Combine(store.Path, "jetstream"), recursive: true);
        process = Run();
    }

    public void Dispose()
    {
        Kill();
        store.Dispose();
    }

    private Process Run()
    {
        Process started = Process.Start(
            new ProcessStartInfo(
                Program!,
                ["-js", "-sd", store.Path, "-a", "127.0.0.1", "-p", $"{port}", "-l", Path.Combine(store.Path, "log"), .. more]
            )
        )!;
        Assert.True(SpinWait.SpinUntil(() => Answers() || started.HasExited, TimeSpan.FromMinutes(2)), "nats-server did not start");
        Assert.False(started.HasExited, "nats-server ended at once");
        return started;
    }

    private bool Answers()
    {
        try
        {
            using TcpClient client = new();
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            Thread.Sleep(20);
            return false;
        }
    }
}
