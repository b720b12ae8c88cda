// An object as it was when it was looked at.

namespace DataFreeKD.Storage;

/// <summary>What identifies an object's content: whoever reads it asks for this ETag, so that another content is refused.</summary>
/// <param name="Name">The bucket and the key.</param>
/// <param name="Length">Bytes.</param>
/// <param name="ETag">The service's mark of the content, as it gives it, in quotes.</param>
internal sealed record StoredObject(BucketName Name, long Length, string ETag);
