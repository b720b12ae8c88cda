// Environment variables that native libraries read.

using System.Runtime.InteropServices;

namespace DataFreeKD.Core;

/// <summary>The environment of the C library. On Windows it is .NET's own; elsewhere .NET keeps a copy, which only child processes
/// see.</summary>
public static class NativeEnvironment
{
    /// <summary>Sets a variable for libraries that are loaded from now on, and for child processes.</summary>
    /// <returns>False where the system refused; then only child processes see it.</returns>
    public static bool Set(string name, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Environment.SetEnvironmentVariable(name, value);
        return OperatingSystem.IsWindows() || SetNative(name, value, 1) == 0;
    }

    /// <summary>What the C library has; null where the variable is not set.</summary>
    public static string? Get(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return OperatingSystem.IsWindows() ? Environment.GetEnvironmentVariable(name) : Marshal.PtrToStringUTF8(GetNative(name));
    }

    [DllImport("libc", EntryPoint = "setenv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNative(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string value,
        int overwrite
    );

    [DllImport("libc", EntryPoint = "getenv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint GetNative([MarshalAs(UnmanagedType.LPUTF8Str)] string name);
}
