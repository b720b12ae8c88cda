// A server that asks who is there: TLS by a private authority, a password, a .creds file.

using DataFreeKD.EndToEnd.Tests;
using DataFreeKD.Testing;

namespace DataFreeKD.Fleet.Tests;

public sealed class SignInTests(FleetWorld world)
{
    [Fact]
    public void Behind_TLS_a_coordinator_and_a_worker_that_sign_in_write_the_table_of_one_process()
    {
        using TempFolder folder = new();
        ServerIdentity.WriteCertificates(folder.Path);
        using NatsServer server = NatsServer.Start(
            "--tls",
            "--tlscert",
            folder["server.pem"],
            "--tlskey",
            folder["server-key.pem"],
            "--user",
            "worker",
            "--pass",
            "s3cret"
        );
        string address = server.Address.Replace("nats://", "tls://", StringComparison.Ordinal),
            authority = $"SSL_CERT_FILE={folder["ca.pem"]}",
            table = world["tls.csv"],
            plain = world["tls-plain.csv"];
        string[] score = ["score", world.Few, "--teacher", world.Teacher, "--batch-size", "16", "--threads", "1"];
        string[] status = ["engine", "status", address];

        Assert.Contains("certificate", Dfkd(["DFKD_ENGINE_LOGIN=worker:s3cret"], status).Refuses(), StringComparison.OrdinalIgnoreCase);
        string refused = Dfkd([authority, "DFKD_ENGINE_LOGIN=worker:wr0ng"], status).Refuses();
        Assert.Contains("Authorization Violation", refused, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("wr0ng", refused, StringComparison.Ordinal);
        string[] known = [authority, "DFKD_ENGINE_LOGIN=worker:s3cret"];
        Assert.Contains("no runs", Dfkd(known, status).Succeeds().Output, StringComparison.Ordinal);

        using Running worker = Running.StartIn(
            known,
            "worker",
            "--engine",
            address,
            "--root",
            world.Pool,
            "--threads",
            "1",
            "--idle-exit",
            "600"
        );
        Dfkd(known, [.. score, "-o", table, "--shard-size", "32", "--engine", address]).Succeeds();
        Programs.RunDfkd([.. score, "-o", plain]).Succeeds();
        Assert.Equal(File.ReadAllBytes(plain), File.ReadAllBytes(table));
        worker.End().Succeeds();
    }

    [Fact]
    public void A_user_of_the_account_signs_in_by_a_credentials_file_and_a_stranger_does_not()
    {
        using TempFolder folder = new();
        ServerIdentity.WriteAccounts(folder.Path);
        using NatsServer server = NatsServer.Start("-c", folder["accounts.conf"]);
        string[] status = ["engine", "status", server.Address, "--engine-credentials"];

        Assert.Contains("no runs", Programs.RunDfkd([.. status, folder["worker.creds"]]).Succeeds().Output, StringComparison.Ordinal);
        Assert.Contains(
            "Authorization Violation",
            Programs.RunDfkd([.. status, folder["stranger.creds"]]).Refuses(),
            StringComparison.OrdinalIgnoreCase
        );
        Assert.Contains(
            "Authorization Violation",
            Programs.RunDfkd("engine", "status", server.Address).Refuses(),
            StringComparison.OrdinalIgnoreCase
        );
        File.WriteAllText(folder["empty.creds"], "");
        Programs.RunDfkd([.. status, folder["empty.creds"]]).Refuses();
    }

    private static Finished Dfkd(string[] environment, string[] args) =>
        Programs.Run("/usr/bin/env", [.. environment, Programs.Dfkd, .. args]);
}
