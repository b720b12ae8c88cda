# PowerShell completion of dfkd. In $PROFILE: dfkd completion pwsh | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName dfkd -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $position = $cursorPosition - $commandAst.Extent.StartOffset
    $line = $commandAst.Extent.Text.PadRight($position).Substring(0, $position)
    # Where dfkd has nothing to offer, PowerShell offers files.
    & dfkd "[suggest:$position]" $line 2>$null |
        Where-Object { $_ -and -not $_.StartsWith('/') -and $_.StartsWith($wordToComplete) -and ($_.StartsWith('-') -eq $wordToComplete.StartsWith('-')) } |
        ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
