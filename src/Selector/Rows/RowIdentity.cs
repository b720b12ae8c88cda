// Who a row is, whichever reader is on it: what copies share, and what a random method draws by.

using System.IO.Hashing;
using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Rows;

/// <summary>Hashes of a row's content and place, of the columns of one table.</summary>
internal readonly struct RowIdentity(TableHeader header)
{
    private readonly int sha256 = header.IndexOf("sha256"),
        path = header.Require("path");

    /// <summary>A hash of the content's sha256; 0 where the current row has none.</summary>
    public UInt128 Content(TableReader row) =>
        sha256 >= 0 && row.Utf8(sha256) is { IsEmpty: false } content ? XxHash128.HashToUInt128(content) : 0;

    /// <summary>The content's hash, or the path's where the current row has no content.</summary>
    public ulong Of(TableReader row) =>
        (ulong)(Content(row) is var content && content != 0 ? content : XxHash128.HashToUInt128(row.Utf8(path)));
}
