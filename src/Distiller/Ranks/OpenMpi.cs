// Open MPI's C functions: the few that a training needs.

using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DataFreeKD.Distiller.Ranks;

/// <summary>Ranks that <c>mpirun</c> or <c>srun --mpi=pmix</c> started.</summary>
/// <remarks>Open MPI alone: handles are addresses there and numbers in MPICH. Calls come from one thread at a time.</remarks>
internal sealed class OpenMpi : DoublingReducer
{
    private const string Library = "libmpi.so.40";

    // MPI_THREAD_SERIALIZED: from any thread, one at a time.
    private const int Serialised = 2;

    private const int DataTag = 1,
        ReadyTag = 2;

    // How long a rank looks for another without a pause: what evaluates, prunes or writes takes longer, and needs the core.
    private static readonly TimeSpan Eager = TimeSpan.FromMilliseconds(1);

    // Set by Open MPI's mpirun, and by whatever starts processes over PMIx.
    private static readonly (string Rank, string Ranks)[] Launchers =
    [
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
        ("PMIX_RANK", "PMIX_NAMESPACE"),
    ];

    private readonly nint world,
        bytes;

    private OpenMpi(nint world, nint bytes, int rank, int ranks)
        : base(rank, ranks) => (this.world, this.bytes) = (world, bytes);

    /// <summary>The rank that this process was started as; null where nothing started it as one.</summary>
    public static int? StartedAs =>
        Launchers
            .Where(launcher => Environment.GetEnvironmentVariable(launcher.Ranks) is { Length: > 0 })
            .Select(launcher => int.TryParse(Environment.GetEnvironmentVariable(launcher.Rank), out int rank) ? rank : (int?)null)
            .FirstOrDefault(rank => rank is not null);

    /// <summary>Joins the ranks of this start; once a process.</summary>
    /// <exception cref="DistillException">Open MPI is missing, or nothing started ranks; or there are not 2^k.</exception>
    public static OpenMpi Start()
    {
        if (StartedAs is null)
            throw new DistillException(
                "this process is no rank of MPI: start it by mpirun -n 4 dfkd ..., or by srun --mpi=pmix; without them, Microbatches alone gives the same bytes"
            )
            {
                Options = [nameof(LoopOptions.Microbatches)],
            };
        if (!NativeLibrary.TryLoad(Library, out nint library))
            throw new DistillException($"{Library} of Open MPI 4 or 5 is not installed (Debian: apt-get install openmpi-bin)");
        if (
            !NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out nint world)
            || !NativeLibrary.TryGetExport(library, "ompi_mpi_byte", out nint bytes)
        )
            throw new DistillException($"{Library} is not Open MPI's: install it (Debian: apt-get install openmpi-bin)");
        // Waits within the library give the core away too.
        const string yields = "OMPI_MCA_mpi_yield_when_idle";
        if (NativeEnvironment.Get(yields) is null)
            NativeEnvironment.Set(yields, "1");
        Require(Initialise(0, 0, Serialised, out int level), "MPI_Init_thread");
        if (level < Serialised)
            throw new DistillException($"{Library} was built without threads: install one with MPI_THREAD_SERIALIZED");
        Require(RankOf(world, out int rank), "MPI_Comm_rank");
        Require(SizeOf(world, out int ranks), "MPI_Comm_size");
        return new OpenMpi(world, bytes, rank, ranks);
    }

    public override void Leave()
    {
        // MPI_Finalize waits too, but takes a core for it.
        Gather([0]);
        Require(End(), "MPI_Finalize");
    }

    protected override void Exchange(int partner, ReadOnlySpan<byte> send, Span<byte> receive)
    {
        Meet(partner);
        Require(
            SendReceive(
                in MemoryMarshal.GetReference(send),
                send.Length,
                bytes,
                partner,
                DataTag,
                ref MemoryMarshal.GetReference(receive),
                receive.Length,
                bytes,
                partner,
                DataTag,
                world,
                0
            ),
            "MPI_Sendrecv"
        );
    }

    // Until both ranks are here. Open MPI itself waits by asking without end.
    private void Meet(int partner)
    {
        byte nothing = 0;
        Require(Send(in nothing, 0, bytes, partner, ReadyTag, world), "MPI_Send");
        long since = Stopwatch.GetTimestamp();
        while (true)
        {
            Require(Probe(partner, ReadyTag, world, out int there, 0), "MPI_Iprobe");
            if (there != 0)
                break;
            if (Stopwatch.GetElapsedTime(since) < Eager)
                Thread.Yield();
            else
                Thread.Sleep(1);
        }
        Require(Receive(ref nothing, 0, bytes, partner, ReadyTag, world, 0), "MPI_Recv");
    }

    // Open MPI ends all ranks with a text of its own before a call returns an error.
    private static void Require(int code, string call)
    {
        if (code != 0)
            throw new DistillException($"{call} of Open MPI failed with code {code}");
    }

    [DllImport(Library, EntryPoint = "MPI_Init_thread")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Initialise(nint count, nint arguments, int wanted, out int level);

    [DllImport(Library, EntryPoint = "MPI_Comm_rank")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int RankOf(nint communicator, out int rank);

    [DllImport(Library, EntryPoint = "MPI_Comm_size")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SizeOf(nint communicator, out int ranks);

    [DllImport(Library, EntryPoint = "MPI_Send")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Send(in byte data, int count, nint type, int to, int tag, nint communicator);

    [DllImport(Library, EntryPoint = "MPI_Iprobe")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Probe(int from, int tag, nint communicator, out int there, nint status);

    [DllImport(Library, EntryPoint = "MPI_Recv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Receive(ref byte data, int count, nint type, int from, int tag, nint communicator, nint status);

    [DllImport(Library, EntryPoint = "MPI_Sendrecv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendReceive(
        in byte send,
        int sendCount,
        nint sendType,
        int to,
        int sendTag,
        ref byte receive,
        int receiveCount,
        nint receiveType,
        int from,
        int receiveTag,
        nint communicator,
        nint status
    );

    [DllImport(Library, EntryPoint = "MPI_Finalize")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int End();
}
