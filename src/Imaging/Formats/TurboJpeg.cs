// libjpeg-turbo, where the machine has it: the same pixels as Skia's JPEG codec, which is the same library built without vector
// instructions.

using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace DataFreeKD.Imaging.Formats;

/// <summary>
/// The TurboJPEG API (libturbojpeg 1.5 to 3), loaded when first wanted. It only takes what it takes without a word: a file that makes it
/// warn or fail, and a colour space other than
/// YCbCr or grey, is left to Skia, so that every file is judged the same with and without it, and every sound file has the same pixels
/// (coefficients beyond 16 bits, which only damaged files have, saturate here). <c>DFKD_TURBOJPEG=0</c> turns it off.
/// </summary>
internal static unsafe class TurboJpeg
{
    private const int Rgb = 0,
        ColourYCbCr = 1,
        ColourGrey = 2,
        Halved = 2;
    private const int AccurateDct = 4096;

    private static readonly string[] Names =
        OperatingSystem.IsWindows() ? ["turbojpeg.dll", "libturbojpeg.dll"]
        : OperatingSystem.IsMacOS() ? ["libturbojpeg.0.dylib", "libturbojpeg.dylib"]
        : ["libturbojpeg.so.0", "libturbojpeg.so"];
    private static readonly Lazy<Functions?> Library = new(Load);

    // A handle is for one thread at a time, and remembers a warning for good: one that has seen a bad file is not used again.
    private static readonly ConcurrentBag<nint> Decoders = [],
        Encoders = [];

    /// <summary>Whether the machine has the library.</summary>
    public static bool Available => Library.Value is not null;

    /// <summary>Decodes; null leaves the file to Skia.</summary>
    /// <param name="file">A JPEG.</param>
    /// <param name="width">Its width as the limits were checked on, pixels.</param>
    /// <param name="height">Its height, pixels.</param>
    /// <param name="eighths">Size of the copy, in eighths of the file's: 1, 2, 4 or 8.</param>
    /// <returns>RGB pixels as stored, not turned upright, and their size.</returns>
    public static (byte[] Pixels, int Width, int Height)? Decode(ReadOnlySpan<byte> file, int width, int height, int eighths = 8)
    {
        if (Library.Value is not { } library)
            return null;
        nint handle = Decoders.TryTake(out nint free) ? free : library.InitDecompress();
        if (handle == 0)
            return null;
        bool clean = false;
        try
        {
            fixed (byte* bytes = file)
            {
                CULong length = new((nuint)file.Length);
                int w,
                    h,
                    subsampling,
                    colours;
                if (
                    library.Header(handle, bytes, length, &w, &h, &subsampling, &colours) != 0
                    || (w, h) != (width, height)
                    || colours is not (ColourYCbCr or ColourGrey)
                )
                    return null;
                (w, h) = (((w * eighths) + 7) / 8, ((h * eighths) + 7) / 8);
                byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(w * h * 3));
                fixed (byte* target = pixels)
                    clean = library.Decompress(handle, bytes, length, target, w, 0, h, Rgb, AccurateDct) == 0;
                return clean ? (pixels, w, h) : null;
            }
        }
        finally
        {
            if (clean)
                Decoders.Add(handle);
            else
                _ = library.Destroy(handle);
        }
    }

    /// <summary>Encodes with halved chroma (4:2:0); null where the library is absent or refuses.</summary>
    /// <param name="image">What to encode.</param>
    /// <param name="quality">1 to 100.</param>
    public static byte[]? Encode(RgbImage image, int quality)
    {
        if (Library.Value is not { } library)
            return null;
        nint handle = Encoders.TryTake(out nint free) ? free : library.InitCompress();
        if (handle == 0)
            return null;
        byte* encoded = null;
        bool clean = false;
        try
        {
            CULong length = new(0);
            fixed (byte* pixels = image.Pixels)
            {
                clean =
                    library.Compress(handle, pixels, image.Width, 0, image.Height, Rgb, &encoded, &length, Halved, quality, AccurateDct)
                    == 0;
            }
            return !clean ? null : new ReadOnlySpan<byte>(encoded, checked((int)length.Value)).ToArray();
        }
        finally
        {
            if (encoded is not null)
                library.Free(encoded);
            if (clean)
                Encoders.Add(handle);
            else
                _ = library.Destroy(handle);
        }
    }

    private static Functions? Load()
    {
        if (Environment.GetEnvironmentVariable("DFKD_TURBOJPEG") == "0")
            return null;
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
                return Functions.Of(library);
        }
        return null;
    }

    private sealed class Functions
    {
        public readonly delegate* unmanaged[Cdecl]<nint> InitDecompress,
            InitCompress;
        public readonly delegate* unmanaged[Cdecl]<nint, byte*, CULong, int*, int*, int*, int*, int> Header;
        public readonly delegate* unmanaged[Cdecl]<nint, byte*, CULong, byte*, int, int, int, int, int, int> Decompress;
        public readonly delegate* unmanaged[Cdecl]<nint, byte*, int, int, int, int, byte**, CULong*, int, int, int, int> Compress;
        public readonly delegate* unmanaged[Cdecl]<byte*, void> Free;
        public readonly delegate* unmanaged[Cdecl]<nint, int> Destroy;

        private Functions(ReadOnlySpan<nint> at)
        {
            InitDecompress = (delegate* unmanaged[Cdecl]<nint>)at[0];
            InitCompress = (delegate* unmanaged[Cdecl]<nint>)at[1];
            Header = (delegate* unmanaged[Cdecl]<nint, byte*, CULong, int*, int*, int*, int*, int>)at[2];
            Decompress = (delegate* unmanaged[Cdecl]<nint, byte*, CULong, byte*, int, int, int, int, int, int>)at[3];
            Compress = (delegate* unmanaged[Cdecl]<nint, byte*, int, int, int, int, byte**, CULong*, int, int, int, int>)at[4];
            Free = (delegate* unmanaged[Cdecl]<byte*, void>)at[5];
            Destroy = (delegate* unmanaged[Cdecl]<nint, int>)at[6];
        }

        /// <summary>Null where a function is missing.</summary>
        public static Functions? Of(nint library)
        {
            string[] names =
            [
                "tjInitDecompress",
                "tjInitCompress",
                "tjDecompressHeader3",
                "tjDecompress2",
                "tjCompress2",
                "tjFree",
                "tjDestroy",
            ];
            nint[] at = new nint[names.Length];
            for (int i = 0; i < names.Length; i++)
            {
                if (!NativeLibrary.TryGetExport(library, names[i], out at[i]))
                    return null;
            }
            return new Functions(at);
        }
    }
}
