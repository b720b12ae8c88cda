// A small object with its content.

namespace DataFreeKD.Storage;

/// <summary>An object as it was when it was read.</summary>
/// <param name="Bytes">Its content.</param>
/// <param name="ETag">The service's mark of it, in quotes.</param>
/// <param name="Changed">When it was written, by the service's clock, to the second; null where the service does not tell.</param>
internal sealed record LoadedObject(byte[] Bytes, string ETag, DateTime? Changed);
