// One augmented image of a cache: the seed of its augmentation and what the teacher said (TinyViT, Wu et al., ECCV 2022, section 3.1).

using System.Buffers.Binary;
using System.IO.Hashing;

namespace DataFreeKD.Distiller.Caching;

/// <summary>Fixed-size records, little-endian: seed u64, XXH32 u32 of the rest, then K pairs (class u16, probability f16), most probable
/// first; at K = C the C logits f32 instead, in as many bytes.</summary>
/// <param name="Classes">C, at most 65,536.</param>
/// <param name="TopK">K, 1 to C.</param>
internal readonly record struct CacheRecord(int Classes, int TopK)
{
    private const int HeadBytes = 12;

    // Half the smallest fp16 above 0: what a stored 0 may have been at most, and a finite logarithm.
    private const double Least = 1.0 / (1 << 25);

    /// <summary>Bytes of a record.</summary>
    public int Bytes => HeadBytes + (4 * TopK);

    /// <summary>Whether logits are stored whole.</summary>
    public bool Whole => TopK == Classes;

    /// <summary>Writes a record of whole logits.</summary>
    public static void WriteWhole(Span<byte> record, ulong seed, ReadOnlySpan<float> logits)
    {
        for (int c = 0; c < logits.Length; c++)
            BinaryPrimitives.WriteSingleLittleEndian(record[(HeadBytes + (4 * c))..], logits[c]);
        Seal(record, seed);
    }

    /// <summary>Writes a record of the K most probable classes.</summary>
    public static void WriteTop(Span<byte> record, ulong seed, ReadOnlySpan<long> classes, ReadOnlySpan<float> probabilities)
    {
        for (int k = 0; k < classes.Length; k++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(record[(HeadBytes + (4 * k))..], (ushort)classes[k]);
            BinaryPrimitives.WriteHalfLittleEndian(record[(HeadBytes + (4 * k) + 2)..], (Half)probabilities[k]);
        }
        Seal(record, seed);
    }

    /// <summary>Whether a record is whole.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt32LittleEndian(record[8..]) == Check(record);

    /// <summary>The seed of the image's augmentation.</summary>
    public static ulong SeedOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt64LittleEndian(record);

    /// <summary>Gives logits back: the stored ones, or ln p with what the top K leave, (1 − Σ)/(C − K), on every other class. A softmax at
    /// any temperature takes both alike.</summary>
    /// <param name="record">An intact record.</param>
    /// <param name="logits"><c>[C]</c>.</param>
    public void ReadLogits(ReadOnlySpan<byte> record, Span<float> logits)
    {
        ReadOnlySpan<byte> values = record[HeadBytes..];
        if (Whole)
        {
            for (int c = 0; c < logits.Length; c++)
                logits[c] = BinaryPrimitives.ReadSingleLittleEndian(values[(4 * c)..]);
            return;
        }
        double sum = 0;
        for (int k = 0; k < TopK; k++)
            sum += (double)BinaryPrimitives.ReadHalfLittleEndian(values[((4 * k) + 2)..]);
        logits.Fill(Log((1 - sum) / (Classes - TopK)));
        for (int k = 0; k < TopK; k++)
            logits[BinaryPrimitives.ReadUInt16LittleEndian(values[(4 * k)..])] = Log(
                (double)BinaryPrimitives.ReadHalfLittleEndian(values[((4 * k) + 2)..])
            );
    }

    private static float Log(double probability) => (float)Math.Log(Math.Max(probability, Least));

    private static void Seal(Span<byte> record, ulong seed)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(record, seed);
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], Check(record));
    }

    private static uint Check(ReadOnlySpan<byte> record) =>
        XxHash32.HashToUInt32(record[HeadBytes..], (int)(SeedOf(record) ^ (SeedOf(record) >> 32)));
}
