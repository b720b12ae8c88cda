// The service that this process asks for s3:// addresses, wherever a path may be one.

namespace DataFreeKD.Storage;

/// <summary>One client a process: paths in tables name buckets and objects, and the environment or the command line names the service once
/// for all of them.</summary>
internal static class SharedStorage
{
    private static readonly Lock Gate = new();
    private static BucketOptions options = new();
    private static BucketClient? client;

    /// <summary>Who is asked, and as whom; to be set before the first use. What is not given is the environment's.</summary>
    /// <value>The environment's service.</value>
    public static BucketOptions Options
    {
        get
        {
            lock (Gate)
                return options;
        }
        set
        {
            value.Validate();
            lock (Gate)
            {
                if (options == value)
                    return;
                // A client that is in use goes on.
                (options, client) = (value, null);
            }
        }
    }

    /// <summary>The client; nobody disposes of it.</summary>
    /// <exception cref="StorageException">No credentials are to be found, or the environment's endpoint is none.</exception>
    public static BucketClient Client
    {
        get
        {
            lock (Gate)
                return client ??= new BucketClient(options);
        }
    }
}
