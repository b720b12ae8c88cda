// Ways to make an image useless while something of it stays.

namespace DataFreeKD.Imaging.Corruptions;

/// <summary>What is done to an image. What stays, its colours, its texture or its layout, differs from kind to kind, so that telling copies
/// from their originals takes more than one habit.</summary>
internal enum Corruption
{
    /// <summary>The cells of a 4×4 grid change places: texture and colours stay, objects go.</summary>
    Shuffled,

    /// <summary>Every pixel changes places: the colours stay.</summary>
    Scrambled,

    /// <summary>Brought down to 2 to 4 pixels a side and up again: the layout stays.</summary>
    Blurred,

    /// <summary>Contrast cut to a tenth.</summary>
    Faded,

    /// <summary>Buried in Gaussian noise.</summary>
    Noisy,

    /// <summary>Uniform noise alone.</summary>
    Noise,

    /// <summary>One colour, the image's mean.</summary>
    Solid,

    /// <summary>A ramp between two colours of the image.</summary>
    Gradient,

    /// <summary>A checkerboard of two colours of the image.</summary>
    Checker,

    /// <summary>Letters in rows, dark on light or light on dark.</summary>
    Text,

    /// <summary>One cell of a 4×4 grid, everywhere: texture without layout.</summary>
    Tiled,
}
