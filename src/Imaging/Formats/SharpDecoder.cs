// ImageSharp behind the decoder: the one file that knows it. Faxes within TIFF and Targa, and nothing that another decoder here reads.

using System.Runtime.InteropServices;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Tga;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.PixelFormats;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Decodes the first picture of a file whose header was read and found within the limits. The library gets no fixes any more: its
/// memory and its time are bounded.</summary>
internal static class SharpDecoder
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Decodes.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="header">What <see cref="RasterHeader"/> said of it.</param>
    /// <param name="layout">How a TIFF lies in its file; null of a Targa.</param>
    public static DecodeResult Decode(ReadOnlyMemory<byte> bytes, ImageHeader header, TiffLayout? layout)
    {
        using CancellationTokenSource late = new(Patience);
        CancellationToken token = late.Token;
        Task<DecodeResult> decoding = Task.Factory.StartNew(
            () => Decode(bytes, header, layout?.Orientation ?? 1, token),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        // A decoder that neither reads nor asks whether it may go on is left to itself; the run is not.
        if (!decoding.Wait(Patience + TimeSpan.FromSeconds(2)))
            return new DecodeResult(null, header.Format, Reason.TooSlow);
        // Of a fax whose 0 is black the library gives the negative.
        if (layout is { Meaning: TiffMeaning.Black } && decoding.Result.Image is { } image)
        {
            foreach (ref byte value in image.Pixels.AsSpan())
                value = (byte)(255 - value);
        }
        return decoding.Result;
    }

    private static DecodeResult Decode(ReadOnlyMemory<byte> bytes, ImageHeader header, int orientation, CancellationToken late)
    {
        try
        {
            using LimitedStream stream = new(bytes, late);
            if (orientation == 1)
                return Plain(bytes, header, late);
            using Image<Rgba32> image = Image.Load<Rgba32>(Settings(header), stream, DecoderOf(header.Format));
            if (image.Width != header.Width || image.Height != header.Height)
                return new DecodeResult(null, header.Format, Reason.DecodeError);
            byte[] rgba = GC.AllocateUninitializedArray<byte>(checked(image.Width * image.Height * 4));
            image.CopyPixelDataTo(MemoryMarshal.Cast<byte, Rgba32>(rgba.AsSpan()));
            return new DecodeResult(PixelPacking.Upright(rgba, image.Width, image.Height, orientation), header.Format, null);
        }
        catch (OperationCanceledException)
        {
            return new DecodeResult(null, header.Format, Reason.TooSlow);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return new DecodeResult(null, header.Format, error is EndOfStreamException ? Reason.Truncated : Reason.DecodeError);
        }
    }

    // Most pictures stand upright: six bytes a pixel instead of eleven.
    private static DecodeResult Plain(ReadOnlyMemory<byte> bytes, ImageHeader header, CancellationToken late)
    {
        using LimitedStream stream = new(bytes, late);
        using Image<Rgb24> image = Image.Load<Rgb24>(Settings(header), stream, DecoderOf(header.Format));
        if (image.Width != header.Width || image.Height != header.Height)
            return new DecodeResult(null, header.Format, Reason.DecodeError);
        byte[] rgb = GC.AllocateUninitializedArray<byte>(checked(image.Width * image.Height * 3));
        image.CopyPixelDataTo(MemoryMarshal.Cast<byte, Rgb24>(rgb.AsSpan()));
        return new DecodeResult(new RgbImage(image.Width, image.Height, rgb), header.Format, null);
    }

    private static IImageDecoder DecoderOf(string format) =>
        format switch
        {
            "tiff" => new TiffDecoder { DecodingMode = FrameDecodingMode.First, IgnoreMetadata = true },
            "tga" => new TgaDecoder(),
            _ => throw new NotSupportedException(),
        };

    // Four bytes a pixel, once for the picture and once for what is unpacked on the way, and room for small files.
    private static Configuration Settings(ImageHeader header) =>
        new()
        {
            MaxDegreeOfParallelism = 1,
            MemoryAllocator = MemoryAllocator.Create(
                new MemoryAllocatorOptions
                {
                    MaximumPoolSizeMegabytes = 0,
                    AllocationLimitMegabytes = (int)((header.Width * header.Height * 16) >> 20) + 16,
                }
            ),
        };

    /// <summary>The file as a stream that ends with an exception when time is up.</summary>
    private sealed class LimitedStream(ReadOnlyMemory<byte> bytes, CancellationToken late) : Stream
    {
        private long position;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => bytes.Length;

        public override long Position
        {
            get => position;
            set => position = Math.Max(0, value);
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            late.ThrowIfCancellationRequested();
            if (position >= bytes.Length)
                return 0;
            ReadOnlySpan<byte> rest = bytes.Span[(int)position..];
            int length = Math.Min(rest.Length, buffer.Length);
            rest[..length].CopyTo(buffer);
            position += length;
            return length;
        }

        public override long Seek(long offset, SeekOrigin origin) =>
            Position =
                offset
                + origin switch
                {
                    SeekOrigin.Begin => 0,
                    SeekOrigin.Current => position,
                    _ => bytes.Length,
                };

        public override void Flush() { }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
