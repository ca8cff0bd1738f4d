# The same as lw.sh, for Windows: finds the `lw` binary this tree belongs to and runs a tool of it.
$ErrorActionPreference = 'Stop'
$here = $PSScriptRoot
$version = (Get-Content -Raw "$here/version").Trim()

function Fail([string] $text, [int] $code = 4) {
  Write-Output "::error title=lw::$text"
  [Console]::Error.WriteLine("error: $text")
  exit $code
}

function Test-Version([string] $program) {
  try { return ((& $program --version 2>$null) -eq "lw $version") } catch { return $false }
}

function Find-Binary {
  if ($env:LW_BIN) {
    if (-not (Test-Path -PathType Leaf $env:LW_BIN)) { Fail 'LW_BIN is not a program' 2 }
    return $env:LW_BIN
  }
  $onPath = Get-Command lw -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
  if ($onPath -and (Test-Version $onPath.Source)) { return $onPath.Source }

  # Windows on ARM runs x64 programs.
  $target = 'x86_64-pc-windows-msvc'
  $inTree = "$here/../bin/$target/lw.exe"
  if (Test-Path -PathType Leaf $inTree) { return $inTree }

  $cache = if ($env:RUNNER_TOOL_CACHE) { $env:RUNNER_TOOL_CACHE } else { $env:LOCALAPPDATA }
  $folder = "$cache/lw/$version/$target"
  $binary = "$folder/lw.exe"
  if ((Test-Path -PathType Leaf $binary) -and (Test-Version $binary)) { return $binary }

  $file = "lw-$target.exe"
  $expected = Get-Content "$here/checksums.txt" | ForEach-Object { ,($_ -split '\s+') } | Where-Object { $_[1] -eq $file } | ForEach-Object { $_[0] }
  if (-not $expected) { Fail "this tree pins no binary for $target`: use a release tag, or set LW_BIN to one you have built" }
  $base = if ($env:LW_DOWNLOAD_BASE) { $env:LW_DOWNLOAD_BASE } else { (Get-Content -Raw "$here/releases").Trim() + "/v$version" }
  New-Item -ItemType Directory -Force $folder | Out-Null
  $part = "$folder/.lw.$PID"
  try {
    Invoke-WebRequest -Uri "$base/$file" -OutFile $part -TimeoutSec 300 -MaximumRetryCount 5 -RetryIntervalSec 2
    $found = (Get-FileHash -Algorithm SHA256 $part).Hash.ToLowerInvariant()
    if ($found -ne $expected) { Fail "$file has the SHA-256 $found instead of the pinned $expected; it is not run" }
    Move-Item -Force $part $binary
  } catch {
    Fail "could not download $file from $base"
  } finally {
    Remove-Item -Force -ErrorAction SilentlyContinue $part
  }
  return $binary
}

if ($args.Count -eq 0) { Fail 'lw.ps1 was called without a tool' 2 }
switch -Regex ($env:LW_RUNTIME) {
  '^(auto|native)?$' { }
  '^docker$' { Fail 'runtime docker needs a Linux runner' 2 }
  default { Fail 'the input runtime must be auto, native or docker' 2 }
}
$binary = Find-Binary
if ($args[0] -eq '--install') {
  if ($env:GITHUB_PATH) { Add-Content -Path $env:GITHUB_PATH -Value (Split-Path -Parent (Resolve-Path $binary)) }
  & $binary --version
  if (-not $env:LW_TOOL) { exit $LASTEXITCODE }
  $lines = @("$env:LW_ARGUMENTS" -split "`r?`n" | Where-Object { $_ -ne '' })
  & $binary $env:LW_TOOL @lines
  exit $LASTEXITCODE
}
& $binary @args
exit $LASTEXITCODE
