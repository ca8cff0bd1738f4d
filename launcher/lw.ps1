# The same as lw.sh, for Windows: finds the `lw` binary this tree belongs to and runs a tool of it. What has to have the
# SHA-256 this tree pins is copied into a new folder, the copy is hashed, and the copy is run. While it is hashed and run
# it is held open, so that nobody can write to it or move it or its folder. LW_BIN and the tree's own bin/ are run as
# they are: they are the user's word.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$here = $PSScriptRoot

# Bytes a binary may have: no more are read of a file or a download that should be one.
$limit = 67108864

# The folder of the copy, which goes in the end, and the handle that holds the copy.
$script:private = $null
$script:held = $null

# Foreign text as it may be printed: it must not start another line or a workflow command.
function Get-Clean([string] $text) {
  return ($text -replace '[\x00-\x1f\x7f]', ' ') -replace '##\[', '# #['
}

# Says what is passed over, and why.
function Write-Note([string] $text) {
  [Console]::Error.WriteLine('note: ' + (Get-Clean $text))
}

# Not Write-Output: inside a function that would be part of its result.
function Fail([string] $text, [int] $code = 4) {
  $text = Get-Clean $text
  if ($env:GITHUB_ACTIONS -eq 'true') {
    [Console]::Out.WriteLine('::error title=lw::' + ($text -replace '%', '%25'))
  } else {
    [Console]::Error.WriteLine("error: $text")
  }
  if ($env:GITHUB_OUTPUT) {
    [IO.File]::AppendAllText($env:GITHUB_OUTPUT, "verdict=error`nsummary=$text`n")
  }
  exit $code
}

function Read-Own([string] $name) {
  $path = Join-Path $here $name
  if (-not (Test-Path -PathType Leaf -LiteralPath $path)) { Fail "this tree is incomplete: $path is missing" }
  return (Get-Content -Raw -LiteralPath $path).Trim()
}

function Remove-Private {
  if ($script:held) {
    $script:held.Dispose()
    $script:held = $null
  }
  if ($script:private) {
    Remove-Item -Recurse -Force -ErrorAction SilentlyContinue -LiteralPath $script:private
    $script:private = $null
  }
}

# The path of the copy, in a new folder.
function Get-Private {
  if (-not $script:private) {
    $parent = if ($env:RUNNER_TEMP) { $env:RUNNER_TEMP } else { [IO.Path]::GetTempPath() }
    $folder = Join-Path $parent ('lw.' + [guid]::NewGuid().ToString('N'))
    try {
      New-Item -ItemType Directory -Path $folder | Out-Null
    } catch {
      Fail "there is no folder to run a verified copy of lw from: $parent cannot be written; set RUNNER_TEMP, or LW_BIN to a binary you trust"
    }
    $script:private = $folder
  }
  return Join-Path $script:private 'lw.exe'
}

# Copies at most one byte more than a binary may have from a stream into the copy, in the time there is; returns the number
# of bytes. The waits are short, so that a cancelled job ends them.
function Copy-Bounded([IO.Stream] $from, [string] $to, [datetime] $deadline = [datetime]::MaxValue) {
  $total = 0
  $buffer = [byte[]]::new(65536)
  $file = [IO.File]::Open($to, [IO.FileMode]::Create, [IO.FileAccess]::Write, [IO.FileShare]::None)
  try {
    while ($total -le $limit) {
      $read = $from.ReadAsync($buffer, 0, [Math]::Min($buffer.Length, $limit + 1 - $total))
      while (-not $read.Wait(200)) {
        if ([datetime]::UtcNow -gt $deadline) { throw 'it takes too long' }
      }
      if ($read.Result -eq 0) { break }
      $file.Write($buffer, 0, $read.Result)
      $total += $read.Result
    }
  } finally {
    $file.Dispose()
  }
  return $total
}

# The SHA-256 of the copy. Where it is the pinned one, the copy stays held.
function Get-HeldDigest([string] $copy) {
  $stream = [IO.File]::Open($copy, [IO.FileMode]::Open, [IO.FileAccess]::Read, [IO.FileShare]::Read)
  $sha = [Security.Cryptography.SHA256]::Create()
  try {
    $sum = ([BitConverter]::ToString($sha.ComputeHash($stream)) -replace '-', '').ToLowerInvariant()
  } finally {
    $sha.Dispose()
    if ($sum -ceq $pinned) { $script:held = $stream } else { $stream.Dispose() }
  }
  return $sum
}

# Whether a file is the pinned binary; then the private copy of it is held. A file that is not is passed over.
function Test-Pinned([string] $path) {
  $copy = Get-Private
  try {
    $from = [IO.File]::Open($path, [IO.FileMode]::Open, [IO.FileAccess]::Read, [IO.FileShare]'ReadWrite, Delete')
    try { Copy-Bounded $from $copy | Out-Null } finally { $from.Dispose() }
  } catch {
    Write-Note "$path is not run: it could not be copied to $copy"
    return $false
  }
  $sum = Get-HeldDigest $copy
  if ($sum -ceq $pinned) { return $true }
  Write-Note "$path is not run: it has the SHA-256 $sum instead of the pinned $pinned"
  return $false
}

# Downloads into the copy; returns the number of bytes. The size is held to while the file is written, because a server
# need not tell it before.
function Get-Download([string] $address, [string] $copy) {
  $client = [Net.Http.HttpClient]::new()
  $client.Timeout = [TimeSpan]::FromSeconds(300)
  try {
    for ($attempt = 1; ; $attempt++) {
      $response = $null
      # The client's own limit ends with the head of the answer.
      $deadline = [datetime]::UtcNow.AddSeconds(300)
      try {
        $request = $client.GetAsync($address, [Net.Http.HttpCompletionOption]::ResponseHeadersRead)
        while (-not $request.Wait(200)) { }
        $response = $request.Result
        $response.EnsureSuccessStatusCode() | Out-Null
        $opening = $response.Content.ReadAsStreamAsync()
        while (-not $opening.Wait(200)) { }
        return Copy-Bounded $opening.Result $copy $deadline
      } catch {
        if ($attempt -ge 4) { throw }
      } finally {
        if ($response) { $response.Dispose() }
      }
      Start-Sleep -Seconds 2
    }
  } finally {
    $client.Dispose()
  }
}

# Puts the verified copy into the tool cache for later jobs. Jobs may do so at the same time: each writes to a name of its
# own. A cache that cannot be written is only slower.
function Publish-Copy([string] $copy, [string] $folder) {
  $part = Join-Path $folder ('.lw.' + [guid]::NewGuid().ToString('N'))
  try {
    New-Item -ItemType Directory -Force $folder | Out-Null
    Copy-Item -LiteralPath $copy -Destination $part
    $target = Join-Path $folder 'lw.exe'
    if (Test-Path -PathType Container -LiteralPath $target) { throw "$target is a folder" }
    Move-Item -Force -LiteralPath $part -Destination $target
  } catch {
    # Another job's that runs just now cannot be replaced either, and need not be.
    Write-Note "lw is not kept for later jobs: $folder cannot be written"
  } finally {
    Remove-Item -Force -ErrorAction SilentlyContinue -LiteralPath $part
  }
}

function Find-Binary {
  if ($env:LW_BIN) {
    if (-not (Test-Path -PathType Leaf -LiteralPath $env:LW_BIN)) { Fail "LW_BIN is not a program: $env:LW_BIN" 2 }
    return $env:LW_BIN
  }
  $version = Read-Own 'version'
  # Windows on ARM runs x64 programs.
  $target = 'x86_64-pc-windows-msvc'
  $file = "lw-$target.exe"
  $pinned = ''
  foreach ($line in ((Read-Own 'checksums.txt') -split '\r?\n')) {
    $words = @($line.Trim() -split '\s+')
    if ($words.Count -ge 2 -and $words[1] -ceq $file) { $pinned = $words[0] }
  }
  $onPath = Get-Command lw -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
  if ($onPath) {
    if (-not $pinned) {
      Write-Note "$($onPath.Source) on PATH is not run: this tree pins no binary for $target to compare it with; LW_BIN names one you trust"
    } elseif (Test-Pinned $onPath.Source) {
      return Get-Private
    }
  }
  $cache = if ($env:RUNNER_TOOL_CACHE) { $env:RUNNER_TOOL_CACHE } else { $env:LOCALAPPDATA }
  if (-not $cache) { $cache = [IO.Path]::GetTempPath() }
  $folder = Join-Path $cache "lw/$version/$target"
  $binary = Join-Path $folder 'lw.exe'
  if ($pinned -and (Test-Path -LiteralPath $binary) -and (Test-Pinned $binary)) { return Get-Private }

  $inTree = Join-Path $here "../bin/$target/lw.exe"
  if (Test-Path -PathType Leaf -LiteralPath $inTree) { return $inTree }

  if (-not $pinned) { Fail "this tree pins no binary for $target`: use a release tag, or set LW_BIN to one you have built" }
  $base = if ($env:LW_DOWNLOAD_BASE) { $env:LW_DOWNLOAD_BASE } else { (Read-Own 'releases') + "/v$version" }
  $base = $base.TrimEnd('/')
  $copy = Get-Private
  try {
    $bytes = Get-Download "$base/$file" $copy
  } catch {
    Fail "could not download $file from $base`: can this runner reach it? LW_DOWNLOAD_BASE names a mirror"
  }
  if ($bytes -gt $limit) { Fail "$file from $base has more than the $limit bytes a binary may have: it is not run" }
  $found = Get-HeldDigest $copy
  if ($found -cne $pinned) { Fail "$file from $base has the SHA-256 $found instead of the pinned $pinned`: it is not run" }
  Publish-Copy $copy $folder
  return $copy
}

if ($args.Count -eq 0) { Fail 'lw.ps1 was called without a tool' 2 }
$runtime = if ($env:LW_RUNTIME) { $env:LW_RUNTIME } else { 'auto' }
if ($runtime -ceq 'docker') { Fail 'runtime docker needs a Linux runner: use runtime native' 2 }
if ($runtime -cnotin 'auto', 'native') { Fail 'the input runtime must be auto, native or docker' 2 }
try {
  $binary = Find-Binary
  if ($args[0] -cne '--install') {
    & $binary @args
    exit $LASTEXITCODE
  }
  & $binary --version
  if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
  if ($env:GITHUB_PATH) {
    $folder = Split-Path -Parent (Resolve-Path -LiteralPath $binary).Path
    # The copy stays for the job.
    if ($script:held) { $script:private = $null }
    [IO.File]::AppendAllText($env:GITHUB_PATH, $folder + "`n")
  }
  if (-not $env:LW_TOOL) { exit 0 }
  $lines = @("$env:LW_ARGUMENTS" -split '\r?\n' | Where-Object { $_ -ne '' })
  & $binary $env:LW_TOOL @lines
  exit $LASTEXITCODE
} finally {
  Remove-Private
}
